package dev.holdfast.system.conventions;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import java.time.Clock;
import java.time.InstantSource;
import java.util.Set;

/** Calls that ask the machine what time it is, in whatever form. */
final class ReadsTheClock extends DescribedPredicate<JavaMethodCall> {
  static final ReadsTheClock INSTANCE = new ReadsTheClock();

  private static final Set<String> SYSTEM_TIME = Set.of("currentTimeMillis", "nanoTime");

  private ReadsTheClock() {
    super("the clock is read");
  }

  @Override
  public boolean test(JavaMethodCall call) {
    AccessTarget.MethodCallTarget target = call.getTarget();
    return target.getOwner().isAssignableTo(Clock.class)
        || target.getOwner().isAssignableTo(InstantSource.class)
        || (target.getOwner().getPackageName().equals("java.time")
            && target.getName().equals("now"))
        || (target.getOwner().isEquivalentTo(System.class)
            && SYSTEM_TIME.contains(target.getName()));
  }
}
