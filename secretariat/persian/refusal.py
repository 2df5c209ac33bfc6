"""The one exception of this package: an input refused for a named reason."""


class Refused(ValueError):
    """Input that cannot be accepted; `code` names the reason, `params` fill the sentence shown to a person."""

    def __init__(self, code, **params):
        super().__init__(code)
        self.code = code
        self.params = params
