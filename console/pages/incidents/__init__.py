"""The crisis board and the page of one incident."""
