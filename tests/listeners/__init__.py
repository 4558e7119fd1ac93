"""Tests of listeners."""
