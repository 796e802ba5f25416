"""Names of teams as names of folders; they live in ``show``, because a review's papers need them too."""

from kpikit.show.names import folder_name, folder_names

__all__ = ["folder_name", "folder_names"]
