"""The answers to what is asked about goods before they are sold (`goods_questions`)."""

from msgspec.structs import replace

from store.register.intents import OutcomeKind
from store.register.session.goods_questions import AGE, INFO, SERIAL, prompts_of
from store.register.session.sale_desk import sell_goods
from store.register.session.to_sell import waiting
from store.register.session.work import DONE, Reply, Work
from store.register.view import Tone
from store.sale.age import AgeCheck
from store.sale.info import InfoAnswer, answered
from store.sale.language import phrase
from store.sale.refusal import SaleRefused

__all__ = ["AGE", "QUESTIONS", "SERIAL", "answer", "answer_age"]

QUESTIONS = frozenset({SERIAL, INFO})
"""Questions of this desk that text answers."""


async def answer_age(work: Work, facts: dict[str, str], yes: bool) -> Reply:
    """F5 sells, F6 refuses; a refusal is recorded at once, an age that was found stands in the sale's record."""
    goods = waiting(facts)
    age, born_by = goods.item.detail.min_age, facts["born_by"]
    if yes:
        check = AgeCheck(age=age, born_by=born_by, sku=goods.item.sku)
        return sell_goods(work, replace(goods, age_check=check))
    body = {"sku": goods.item.sku, "name": goods.item.name, "age": age, "born_by": born_by}
    if await work.commit("age.refused", work.state, body, txn_id=work.fresh_id()) is None:
        return work.refuse(work.message.text)
    work.say(phrase("{name} is not sold: nobody under {age} may buy it.", goods.item.name, age), Tone.WARN)
    return DONE


async def answer(work: Work, kind: str, facts: dict[str, str], text: str) -> Reply:
    """The answer to a question about goods; a refused one leaves the question open."""
    goods, asked = waiting(facts), work.state.asked
    if kind == SERIAL:
        if not text:
            return DONE
        goods = replace(goods, serial=text, serial_asked=True)
    else:
        prompts = prompts_of(work, goods.item.detail.info_codes)
        if goods.info_asked < len(prompts):
            prompt = prompts[goods.info_asked]
            try:
                said = answered(prompt, text)
            except SaleRefused as refusal:
                return work.refuse(str(refusal))
            info = goods.info
            if said:
                info = (*info, InfoAnswer(code=prompt.code, name=prompt.name, answer=said))
            goods = replace(goods, info=info, info_asked=goods.info_asked + 1)
    work.put(asked=None)
    reply = sell_goods(work, goods)
    if reply.kind is OutcomeKind.REFUSED and work.state.asked is None:
        work.put(asked=asked)
    return reply
