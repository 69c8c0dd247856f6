// SPDX-License-Identifier: Apache-2.0

/// What a machine tells JDK Flight Recorder, beside its processors' [org.javisor.cpu.events]. All of it is off unless a
/// recording names it.
package org.javisor.vmm.events;
