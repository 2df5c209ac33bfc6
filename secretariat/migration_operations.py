"""What migrations may do beside Django's own operations."""

from django.db.migrations.operations.base import Operation, OperationCategory


class CreateModels(Operation):
    """Make many tables at once, each whole: with its pointers, indexes, constraints and triggers.

    Tables may point at each other in a circle, and Django draws its picture of all models once, not once for each of them,
    which would be most of the time that migrating takes.
    """

    category = OperationCategory.ADDITION
    serialization_expand_args = ["models"]

    def __init__(self, models):
        self.models = models

    def state_forwards(self, app_label, state):
        state.__dict__.pop("apps", None)  # the picture; drawn when it is next looked at
        for model in self.models:
            model.state_forwards(app_label, state)

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        for model in self.models:
            model.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        for model in reversed(self.models):
            model.database_backwards(app_label, schema_editor, from_state, to_state)

    def deconstruct(self):
        return type(self).__name__, [], {"models": self.models}

    def describe(self):
        return f"Create the models {', '.join(model.name for model in self.models)}"


class Together(Operation):
    """Do many things to tables that are there already, with one picture of all models before and one after.

    None of the operations may build on what another one of them has made.
    """

    serialization_expand_args = ["operations"]

    def __init__(self, operations):
        self.operations = operations

    def state_forwards(self, app_label, state):
        state.__dict__.pop("apps", None)
        for operation in self.operations:
            operation.state_forwards(app_label, state)

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        for operation in self.operations:
            operation.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        for operation in reversed(self.operations):
            operation.database_backwards(app_label, schema_editor, from_state, to_state)

    def deconstruct(self):
        return type(self).__name__, [], {"operations": self.operations}

    def describe(self):
        return "; ".join(operation.describe() for operation in self.operations)
