// SPDX-License-Identifier: Apache-2.0

/// What firmware and board have between them: [FwCfg], through which firmware learns what machine it is in, and
/// [Flash], which holds firmware and what it wants to remember.
package org.javisor.devices.firmware;
