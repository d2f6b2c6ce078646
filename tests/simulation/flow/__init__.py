"""The one-way flow in virtual time: probe, check result, verdict, incident, notice, publication, judged by what was true."""
