// SPDX-License-Identifier: Apache-2.0
/// The SMBIOS tables, by which a guest's inventory tools see what machine it runs on.
package org.javisor.machine.smbios;
