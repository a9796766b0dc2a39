"""The pictures in docs/pictures/, taken by `make pictures` of a project that people talk in."""
