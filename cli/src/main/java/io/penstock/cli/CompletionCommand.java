package io.penstock.cli;

import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `penstock generate-completion`: prints a script that teaches bash and zsh the commands.
@Command(
    name = "generate-completion",
    header = "Print a completion script for bash and zsh.",
    optionListHeading = "%nOptions:%n",
    footerHeading = "%nExamples:%n",
    footer = {
      "  source <(penstock generate-completion)",
      "  penstock generate-completion > ~/.local/share/bash-completion/completions/penstock"
    })
final class CompletionCommand implements Runnable {

  private final Console console;

  @Spec private CommandSpec spec = CommandSpec.create();

  CompletionCommand(Console console) {
    this.console = console;
  }

  @Override
  public void run() {
    var root = spec.root();
    console.out().print(AutoComplete.bash(root.name(), root.commandLine()));
    console.out().flush();
  }
}
