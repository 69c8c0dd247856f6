// SPDX-License-Identifier: Apache-2.0
/// The `javisor` command: [Main] parses, each subcommand is a class, `guest` provides something to run, `console` is
/// the person's terminal.
package org.javisor.app;
