/// Example programs, each of them run by a test.
package io.penstock.it.example;
