// SPDX-License-Identifier: Apache-2.0
/// The guest's serial console in the person's terminal.
package org.javisor.app.console;
