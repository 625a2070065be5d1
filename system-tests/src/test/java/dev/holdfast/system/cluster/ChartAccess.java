package dev.holdfast.system.cluster;

import dev.holdfast.system.chart.HoldfastChart;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBinding;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import io.fabric8.kubernetes.api.model.rbac.Subject;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Decides as the RBAC authorizer would, from the roles in the chart. */
final class ChartAccess {
  private final List<Grant> grants;

  /**
   * Rules that an account has.
   *
   * @param namespace where, null for everywhere
   */
  private record Grant(@Nullable String namespace, List<PolicyRule> rules) {}

  private ChartAccess(List<Grant> grants) {
    this.grants = grants;
  }

  /** What the service account of that name may do. */
  static ChartAccess of(String account) {
    List<HasMetadata> chart = HoldfastChart.render();
    Stream<Grant> everywhere =
        kind(chart, ClusterRoleBinding.class)
            .filter(binding -> names(binding.getSubjects(), account))
            .map(binding -> binding.getRoleRef().getName())
            .flatMap(role -> kind(chart, ClusterRole.class).filter(found -> isNamed(found, role)))
            .map(role -> new Grant(null, role.getRules()));
    Stream<Grant> somewhere =
        kind(chart, RoleBinding.class)
            .filter(binding -> names(binding.getSubjects(), account))
            .map(binding -> binding.getRoleRef().getName())
            .flatMap(role -> kind(chart, Role.class).filter(found -> isNamed(found, role)))
            .map(role -> new Grant(role.getMetadata().getNamespace(), role.getRules()));
    return new ChartAccess(Stream.concat(everywhere, somewhere).toList());
  }

  boolean allows(ApiRequest request) {
    // system:basic-user lets every account ask what it may do itself.
    return request.group().equals("authorization.k8s.io")
        || grants.stream()
            .filter(grant -> covers(grant, request))
            .flatMap(grant -> grant.rules().stream())
            .anyMatch(rule -> matches(rule, request));
  }

  private static boolean covers(Grant grant, ApiRequest request) {
    return grant.namespace() == null || grant.namespace().equals(request.namespace());
  }

  private static boolean matches(PolicyRule rule, ApiRequest request) {
    return rule.getVerbs().contains(request.verb())
        && rule.getApiGroups().contains(request.group())
        && rule.getResources().contains(request.resource())
        && (rule.getResourceNames().isEmpty()
            || rule.getResourceNames().contains(Objects.requireNonNullElse(request.name(), "")));
  }

  private static boolean names(List<Subject> subjects, String account) {
    return subjects.stream().anyMatch(subject -> subject.getName().equals(account));
  }

  private static boolean isNamed(HasMetadata object, String name) {
    return object.getMetadata().getName().equals(name);
  }

  private static <T> Stream<T> kind(List<HasMetadata> objects, Class<T> type) {
    return objects.stream().filter(type::isInstance).map(type::cast);
  }
}
