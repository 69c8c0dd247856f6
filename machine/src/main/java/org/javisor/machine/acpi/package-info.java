// SPDX-License-Identifier: Apache-2.0
/// The ACPI tables, generated for each machine: [AcpiTables] lays them out, [Dsdt] is the machine's source, [Aml] and
/// [Resources] are the language it is written in.
package org.javisor.machine.acpi;
