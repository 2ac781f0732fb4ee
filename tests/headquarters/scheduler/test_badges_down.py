"""Job 1060: badges that registers gave to people travel with the staff of their store, the newest word about each."""

import json

from store.headquarters.nouns.people import Staff

TELL = (
    "insert into badge_given (store_id, series, seq, effect, hash, number, at) "
    "values ($1, $1, $2, 'badge', $3, $4, '2026-11-24T10:00:00.000Z')"
)
FIRST, SECOND = "ab" * 32, "cd" * 32


async def told(shop, seq, hashed, number, store="S0001"):
    await shop.work(lambda db: db.execute(TELL, {"1": store, "2": seq, "3": hashed, "4": number}))


async def follow(shop, database):
    await shop.run("1060")
    database.follow(await shop.packages())
    return {number: row[5] for number, row in database.rows["staff"].items()}


async def test_badges_travel_with_their_people_and_are_taken_away_again(shop, database):
    await shop.put("staff", "101", Staff(name="Ann", role="cashier", language="de"))
    await shop.put("staff", "102", Staff(name="Bob", role="cashier"))
    assert await follow(shop, database) == {"101": '{"language":"de"}', "102": ""}
    await told(shop, 1, SECOND, "101")
    await told(shop, 2, FIRST, "101")
    await told(shop, 3, "ef" * 32, "102", store="S0002")
    details = await follow(shop, database)
    assert json.loads(details["101"]) == {"badges": [FIRST, SECOND], "language": "de"}
    assert details["102"] == "", "another store's secret made that hash"
    [again] = await shop.run("1060")
    assert again.status == "No data"
    await told(shop, 4, FIRST, "102")
    await told(shop, 5, SECOND, "")
    details = await follow(shop, database)
    assert (details["101"], json.loads(details["102"])) == ('{"language":"de"}', {"badges": [FIRST]})
