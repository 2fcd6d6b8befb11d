"""Students trained with what their teachers say."""
