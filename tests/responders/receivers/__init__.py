"""Tests of responders.receivers."""
