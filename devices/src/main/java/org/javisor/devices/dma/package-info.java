// SPDX-License-Identifier: Apache-2.0

/// Direct memory access on the ISA bus: two controllers, and the channels of theirs that devices use.
package org.javisor.devices.dma;
