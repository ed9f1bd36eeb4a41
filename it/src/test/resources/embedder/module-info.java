/// A program that embeds an agent and has a module descriptor of its own.
module embedder {
  requires io.penstock.node;
}
