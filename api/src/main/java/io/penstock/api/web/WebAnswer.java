package io.penstock.api.web;

/// What a handler answers: something whole, or something that goes on.
public sealed interface WebAnswer permits WebResponse, WebStream {}
