"""The vocabulary, the ports and the pipeline. No I/O; pydantic is the only third party."""
