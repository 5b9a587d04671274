"""LINE Messaging API: one text to one friend of the city's official account."""

import base64
import hashlib
import hmac
from dataclasses import dataclass

import httpx2

from server.notices.channels import LINE_CHARACTERS, Gone, Message, NotNow, Refused

TIMEOUT_S = 10


@dataclass(frozen=True)
class LineMessaging:
    """Sends push messages; ``secret`` checks the calls of the webhook."""

    token: str
    secret: str
    api_url: str

    async def send(self, user: str, message: Message) -> None:
        """Push one text. LINE drops a second one with the same retry key (kept for 24 hours).

        Raises Gone, Refused or NotNow.
        """
        end = f"\n\n{message.url}" if message.url else ""
        head = f"{message.subject}\n\n{message.body}"
        body = {
            "to": user,
            "messages": [{"type": "text", "text": head[: LINE_CHARACTERS - len(end)] + end}],
        }
        headers = {"Authorization": f"Bearer {self.token}", "X-Line-Retry-Key": str(message.id)}
        try:
            async with httpx2.AsyncClient(timeout=TIMEOUT_S) as http:
                answer = await http.post(
                    f"{self.api_url.rstrip('/')}/v2/bot/message/push", json=body, headers=headers
                )
        except httpx2.HTTPError as error:
            raise NotNow(type(error).__name__) from None
        _judge(answer.status_code)

    def is_genuine(self, body: bytes, signature: str) -> bool:
        """Whether a call of the webhook was signed with the channel's secret."""
        wanted = base64.b64encode(hmac.digest(self.secret.encode(), body, hashlib.sha256))
        return hmac.compare_digest(wanted, signature.encode())


def _judge(status: int) -> None:
    if status < 300 or status == 409:  # 409: this retry key was accepted before
        return
    if status in (401, 403, 408, 429) or status >= 500:
        raise NotNow(f"line {status}")
    if status in (404, 410):
        raise Gone(f"line {status}")
    raise Refused(f"line {status}")
