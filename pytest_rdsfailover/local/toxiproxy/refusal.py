"""What the server answers to a request that it refuses."""


class Refusal(Exception):  # noqa: N818 - an answer to a client, not a fault of the server
    """A refused request: the text and HTTP status that the original gives."""

    def __init__(self, text: str, status: int) -> None:
        self.text, self.status = text, status

    def show(self) -> dict[str, object]:
        """Return the refusal as the REST API shows it."""
        return {"error": self.text, "status": self.status}


def bad_body(reason: str) -> Refusal:
    """Return the refusal of a body that is no JSON or has values of a wrong type."""
    return Refusal(f"bad request body: {reason}", 400)


def missing(field: str) -> Refusal:
    """Return the refusal of a body without a field that it needs."""
    return Refusal(f"missing required field: {field}", 400)


def system(error: OSError | ValueError) -> Refusal:
    """Return the refusal that reports what the operating system said."""
    return Refusal(str(error), 500)


PROXY_NOT_FOUND = ("proxy not found", 404)
PROXY_EXISTS = ("proxy already exists", 409)
BAD_STREAM = ("stream was invalid, can be either upstream or downstream", 400)
BAD_TYPE = ("invalid toxic type", 400)
TOXIC_EXISTS = ("toxic already exists", 409)
TOXIC_NOT_FOUND = ("toxic not found", 404)
