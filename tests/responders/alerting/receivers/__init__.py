"""Tests of responders.alerting.receivers."""
