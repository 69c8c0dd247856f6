// SPDX-License-Identifier: Apache-2.0

/// What a processor tells JDK Flight Recorder. All of it is off unless a recording names it.
///
/// Who may have something to tell asks the event's `on` first: that is `false` as a constant, after compilation, until
/// Java begins its first recording, and then a field's value.
package org.javisor.cpu.events;
