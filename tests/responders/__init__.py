"""Tests of responders."""
