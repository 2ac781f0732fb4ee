"""The words between core and screen as the last released version had them; copied anew at a release only."""
