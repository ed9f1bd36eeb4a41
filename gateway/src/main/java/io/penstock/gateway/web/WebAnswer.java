package io.penstock.gateway.web;

/// What a handler answers: something whole, or something that goes on.
public sealed interface WebAnswer permits WebResponse, WebStream {}
