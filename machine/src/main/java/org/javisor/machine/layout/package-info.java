// SPDX-License-Identifier: Apache-2.0
/// Where things are in the machine: the guest-physical map, and the legacy ports and interrupts that several parts must
/// agree on.
package org.javisor.machine.layout;
