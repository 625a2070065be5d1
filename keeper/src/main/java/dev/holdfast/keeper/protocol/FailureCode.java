package dev.holdfast.keeper.protocol;

import com.fasterxml.jackson.annotation.JsonEnumDefaultValue;
import com.fasterxml.jackson.annotation.JsonProperty;

/** Why a request was not done. */
public enum FailureCode {
  /** Not JSON, a field missing or out of its range. Sending it again cannot help. */
  @JsonProperty("malformed")
  MALFORMED,
  /** A newer client asks for what this keeper does not know. */
  @JsonProperty("unknownRequest")
  UNKNOWN_REQUEST,
  /** The first request on a connection must be hello. */
  @JsonProperty("helloRequired")
  HELLO_REQUIRED,
  /** No common protocol version; hello may be said again. */
  @JsonProperty("unsupportedVersion")
  UNSUPPORTED_VERSION,
  /** The machine has a live process. */
  @JsonProperty("alreadyRunning")
  ALREADY_RUNNING,
  /** The machine has no live process (signal), or none that is known (forget). */
  @JsonProperty("noSuchProcess")
  NO_SUCH_PROCESS,
  /** A live process cannot be forgotten. */
  @JsonProperty("stillRunning")
  STILL_RUNNING,
  /** The program was not executed; the message has the reason given by setpriv or by the kernel. */
  @JsonProperty("launchFailed")
  LAUNCH_FAILED,
  /** The process is not there, or is not provably the one that was asked for. */
  @JsonProperty("adoptionRefused")
  ADOPTION_REFUSED,
  /** Anything else, and every code that this build does not know. */
  @JsonEnumDefaultValue
  @JsonProperty("internal")
  INTERNAL
}
