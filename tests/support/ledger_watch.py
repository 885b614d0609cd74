"""Follows the ledger of a running server: it forgets what ended long ago, a test must not."""

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass, field

import aiohttp


@dataclass
class LedgerWatch:
    """Everything that a server's ledger ever said.

    Attributes:
        url: The server's base URL.
        sent: Digest of the audio sent, by context id, of ended contexts that were not compared.
        states: How many contexts ended how.
        heard: Digest of the audio that a client got, by context id, until it is compared.
        same: How many were compared and are the same.
        differing: Ids of those that are not.
        refused_contexts: Contexts refused, by connection.
        refused_upgrades: Upgrades refused.
        most_connections: Connections open at once, as far as looked at.
        most_contexts: Contexts open at once on one connection, as far as looked at.
        open_contexts: Contexts open when last looked at.
    """

    url: str
    sent: dict = field(default_factory=dict)
    states: Counter = field(default_factory=Counter)
    heard: dict = field(default_factory=dict)
    same: int = 0
    differing: list = field(default_factory=list)
    refused_contexts: dict = field(default_factory=dict)
    refused_upgrades: int = 0
    most_connections: int = 0
    most_contexts: int = 0
    open_contexts: int = 0
    _since: float = 0.0

    async def look(self, session):
        """Take in what is new."""
        async with session.get(f"{self.url}/voxgrid/v1/ledger", params={"since": str(self._since)}) as response:
            ledger = await response.json()
        self._since = ledger["now"]
        self.refused_upgrades = ledger["refusedUpgrades"]
        self.most_connections = max(self.most_connections, len(ledger["connections"]))
        self.open_contexts = sum(len(each["openContexts"]) for each in ledger["connections"])
        for connection in (*ledger["connections"], *ledger["ended"]):
            self.refused_contexts[connection["connection"]] = connection["contextsRefused"]
            self.most_contexts = max(self.most_contexts, len(connection["openContexts"]))
            for context in connection["endedContexts"]:
                self.sent[context["contextId"]] = context["audioSha256"]
                self.states[context["state"]] += 1
        self._compare()

    def _compare(self):
        """Compare what both sides know by now, and forget it: the test's own memory must not look like a leak."""
        for context_id in self.heard.keys() & self.sent.keys():
            if self.heard.pop(context_id) == self.sent.pop(context_id):
                self.same += 1
            else:
                self.differing.append(context_id)

    async def _follow(self, session, every_s):
        while True:
            await self.look(session)
            await asyncio.sleep(every_s)

    @contextlib.asynccontextmanager
    async def following(self, every_s=0.2):
        """Look again and again in the block, and wait at its end until no context is open."""
        async with aiohttp.ClientSession() as session:
            task = asyncio.create_task(self._follow(session, every_s))
            try:
                yield self
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            async with asyncio.timeout(20):
                await self.look(session)
                while self.open_contexts:
                    await asyncio.sleep(0.1)
                    await self.look(session)
