package dev.holdfast.keeper;

import picocli.CommandLine.Command;

/** What can be done with lease storage by hand. */
@Command(
    name = "lease",
    description = "Shows the leases on storage that hosts share.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = LeaseDumpCommand.class)
public final class LeaseCommand {}
