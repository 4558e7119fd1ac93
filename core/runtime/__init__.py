"""Everything that runs: intake, pipeline, dispatch, supervision and the bus between them."""
