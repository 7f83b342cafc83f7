"""The rules of CloudWatch's composite alarms: which states of other alarms make ALARM."""

import re
from collections.abc import Callable

States = Callable[[str], str]  # the state of an alarm, by name or ARN
TOKEN = re.compile(
    r"""\s*(?:(?P<state>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"(?P<double>(?:\\.|[^"\\])*)"|'(?P<single>(?:\\.|[^'\\])*)'"""
    r"""|(?P<bare>[^\s()"']+))\s*\)|(?P<word>AND|OR|NOT|TRUE|FALSE)(?!\w)|(?P<mark>[()])|(?P<end>\Z))"""
)
DEEPEST = 100  # parentheses and NOTs in each other


class AlarmRuleError(ValueError):
    """A text is no rule."""


class AlarmRule:
    """One rule, which is read when it is made.

    Raises:
        AlarmRuleError: if it is none.
    """

    def __init__(self, text: str) -> None:
        self._text, self._at, self._depth = text, 0, 0
        self._token = self._next()
        self._holds = self._any()
        if self._token.lastgroup != "end":
            raise self._error()

    def holds(self, states: States) -> bool:
        """Tell whether it is fulfilled by the states of other alarms."""
        return self._holds(states)

    def _error(self) -> AlarmRuleError:
        return AlarmRuleError(
            f"AlarmRule must not have this at {self._token.start()}: {self._text}"
        )

    def _next(self) -> re.Match[str]:
        token = TOKEN.match(self._text, self._at)
        if token is None:
            raise AlarmRuleError(f"AlarmRule cannot be read from {self._at} on: {self._text}")
        self._at = token.end()
        return token

    def _takes(self, text: str) -> bool:
        """Take the next token if it is this one."""
        found = text in (self._token["word"], self._token["mark"])
        if found:
            self._token = self._next()
        return found

    def _any(self) -> Callable[[States], bool]:
        terms = [self._all()]
        while self._takes("OR"):
            terms.append(self._all())
        return lambda states: any(term(states) for term in terms)

    def _all(self) -> Callable[[States], bool]:
        terms = [self._one()]
        while self._takes("AND"):
            terms.append(self._one())
        return lambda states: all(term(states) for term in terms)

    def _one(self) -> Callable[[States], bool]:
        token = self._token
        if token["state"]:
            self._token = self._next()
            quoted = token["double"] if token["double"] is not None else token["single"]
            name = token["bare"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            return lambda states: states(name) == token["state"]
        if self._takes("TRUE"):
            return lambda _: True
        if self._takes("FALSE"):
            return lambda _: False
        self._depth += 1
        if self._depth > DEEPEST:
            raise AlarmRuleError(f"AlarmRule is nested more than {DEEPEST} times")
        if self._takes("NOT"):
            term = self._one()
            self._depth -= 1
            return lambda states: not term(states)
        if not self._takes("("):
            raise self._error()
        inner = self._any()
        if not self._takes(")"):
            raise self._error()
        self._depth -= 1
        return inner
