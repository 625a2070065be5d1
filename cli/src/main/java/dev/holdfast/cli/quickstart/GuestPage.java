package dev.holdfast.cli.quickstart;

import dev.holdfast.cli.step.StepException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.InstantSource;

/** The page that the demo guest serves. */
final class GuestPage {
  private static final Duration PAUSE = Duration.ofMillis(200);
  private static final Duration ATTEMPT = Duration.ofSeconds(5);

  private GuestPage() {}

  /**
   * Fetches the page, again and again while the guest boots.
   *
   * @param limit when to give up
   */
  static String fetch(URI address, Duration limit, InstantSource clock)
      throws StepException, InterruptedException {
    long end = clock.millis() + limit.toMillis();
    try (HttpClient client = HttpClient.newBuilder().connectTimeout(ATTEMPT).build()) {
      HttpRequest request = HttpRequest.newBuilder(address).timeout(ATTEMPT).build();
      while (true) {
        String problem;
        try {
          HttpResponse<String> response =
              client.send(request, HttpResponse.BodyHandlers.ofString());
          if (response.statusCode() == 200) {
            return response.body();
          }
          problem = "it answered with status " + response.statusCode();
        } catch (IOException e) {
          // Until its network is up the guest refuses, or is silent.
          problem = e.toString();
        }
        if (clock.millis() >= end) {
          throw new StepException(
              "the guest served no page at "
                  + address
                  + " within "
                  + limit.toSeconds()
                  + " s: "
                  + problem);
        }
        Thread.sleep(PAUSE);
      }
    }
  }
}
