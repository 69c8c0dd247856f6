// SPDX-License-Identifier: Apache-2.0
/// Intel's gigabit Ethernet controllers: the 82540EM that everybody's drivers know (`e1000`), and the 82574L on PCI
/// Express (`e1000e`).
///
/// @datasheet Intel PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's Manual (317453)
/// @datasheet Intel 82574 GbE Controller Family (revision 3.4)
package org.javisor.devices.net.e1000;
