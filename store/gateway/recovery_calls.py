"""What a recovery asks of the Retail Server: the records of a dead register, under a supervisor's code."""

from store.exchange.delivery import PATH_RECOVERY, RecoveryRequest
from store.exchange.messages import BatchAnswer
from store.gateway import answers
from store.gateway.client import RetailClient
from store.gateway.errors import ServerRefused

ASK_S = 30.0


class RecoveryCalls:
    """Unsigned: the register is dead, the supervisor's code is the proof."""

    def __init__(self, client: RetailClient) -> None:
        self._client = client

    async def recover(self, request: RecoveryRequest) -> BatchAnswer:
        """Send a batch; one that was taken only in part is an answer too. Raises GatewayError."""
        try:
            return await self._client.post(
                PATH_RECOVERY, request, BatchAnswer, deadline_s=ASK_S, signed=False
            )
        except ServerRefused as error:
            if (partly := answers.batch_answer_of(error)) is None:
                raise
            return partly
