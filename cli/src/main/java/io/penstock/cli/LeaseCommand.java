package io.penstock.cli;

import io.penstock.api.IpAddress;
import io.penstock.api.LeaseInfo;
import io.penstock.api.client.AdminClient;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `penstock lease`: shows which node has which address of a gateway's overlay, and frees one.
@Command(
    name = "lease",
    header = "Show which node has which address of a gateway's overlay, or free one.",
    description = NodeCommand.OVERLAY,
    synopsisSubcommandLabel = "COMMAND",
    commandListHeading = "%nCommands:%n",
    optionListHeading = "%nOptions:%n",
    footerHeading = "%nExamples:%n",
    footer = {"  penstock lease list", "  penstock lease release 10.86.0.9"})
final class LeaseCommand implements Runnable {

  private final Console console;

  @Spec private CommandSpec spec = CommandSpec.create();

  LeaseCommand(Console console) {
    this.console = console;
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }

  @Command(
      name = "list",
      header = "List all leased addresses.",
      optionListHeading = "%nOptions:%n",
      footerHeading = "%nExamples:%n",
      footer = {"  penstock lease list", "  penstock lease list --json"})
  void list(
      @Mixin AdminAccess admin, @Option(names = "--json", description = "Print JSON.") boolean json)
      throws IOException {
    List<LeaseInfo> leases;
    try (AdminClient client = admin.connect(console)) {
      leases = client.leases();
    }
    if (json) {
      console.json(leases);
      return;
    }
    Table table = new Table("ADDRESS", "NODE", "USER", "STATE", "HELD UNTIL");
    for (LeaseInfo lease : leases) {
      table.row(
          lease.address().toString(),
          lease.name(),
          lease.user(),
          lease.state().word(),
          lease.heldUntil().map(TokenCommand::time).orElse("-"));
    }
    table.print(console.out());
    if (leases.isEmpty()) {
      console.err().println("No addresses yet; a node gets its own when it connects");
    }
  }

  @Command(
      name = "release",
      header = "Free an address that is on hold, so that any node may have it.",
      parameterListHeading = "%n",
      optionListHeading = "%nOptions:%n",
      footerHeading = "%nExamples:%n",
      footer = {"  penstock lease release 10.86.0.9", "  penstock lease release fd7c:4a1b:93e2::9"})
  void release(
      @Mixin AdminAccess admin,
      @Parameters(paramLabel = "ADDRESS", description = "As \"lease list\" prints it.")
          IpAddress address)
      throws IOException {
    try (AdminClient client = admin.connect(console)) {
      client.releaseLease(address);
    }
    console.err().println("Released " + address + ".");
  }
}
