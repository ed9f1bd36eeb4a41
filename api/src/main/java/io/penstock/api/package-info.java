/// The vocabulary of Penstock's HTTP APIs and of the first words on a tunnel.
package io.penstock.api;
