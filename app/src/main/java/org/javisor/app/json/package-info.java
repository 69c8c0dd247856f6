// SPDX-License-Identifier: Apache-2.0

/// Answers for programs to read.
package org.javisor.app.json;
