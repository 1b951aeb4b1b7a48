#include "runtime/config/schema.hpp"

namespace praetor::config {

namespace {

// Consul merges neither `service` nor `check` blocks: each is one definition.
void read_check_of_service(decoder& in, const value& x,
                           service_definition& to) {
  check_definition check;
  in.read(x, check);
  to.checks.push_back(std::move(check));
}

/// Reads one tag or a list of them.
void read_tags_of_watch(decoder& in, const value& x, watch_definition& to) {
  if (x.as<std::string>() != nullptr)
    in.read(x, to.tag.emplace_back());
  else
    in.read(x, to.tag);
}

constexpr field<check_definition> check_fields[] = {
  bind<&check_definition::id>("id"),
  bind<&check_definition::name>("name"),
  bind<&check_definition::notes>("notes"),
  bind<&check_definition::service_id>("service_id", "serviceid"),
  bind<&check_definition::token>("token"),
  bind<&check_definition::status>("status"),
  bind<&check_definition::args>("args", "scriptargs"),
  bind<&check_definition::http>("http"),
  bind<&check_definition::header>("header"),
  bind<&check_definition::method>("method"),
  bind<&check_definition::body>("body"),
  bind<&check_definition::tcp>("tcp"),
  bind<&check_definition::grpc>("grpc"),
  bind<&check_definition::grpc_use_tls>("grpc_use_tls", "grpcusetls"),
  bind<&check_definition::tls_skip_verify>("tls_skip_verify", "tlsskipverify"),
  bind<&check_definition::docker_container_id>("docker_container_id",
                                               "dockercontainerid"),
  bind<&check_definition::shell>("shell"),
  bind<&check_definition::alias_node>("alias_node", "aliasnode"),
  bind<&check_definition::alias_service>("alias_service", "aliasservice"),
  bind<&check_definition::interval>("interval"),
  bind<&check_definition::timeout>("timeout"),
  bind<&check_definition::ttl>("ttl"),
  bind<&check_definition::success_before_passing>("success_before_passing",
                                                  "successbeforepassing"),
  bind<&check_definition::failures_before_critical>("failures_before_critical",
                                                    "failuresbeforecritical"),
  bind<&check_definition::deregister_critical_service_after>(
    "deregister_critical_service_after", "deregistercriticalserviceafter"),
  bind<&check_definition::output_max_size>("output_max_size", "outputmaxsize"),
};

constexpr field<service_weights> weight_fields[] = {
  bind<&service_weights::passing>("passing"),
  bind<&service_weights::warning>("warning"),
};

constexpr field<service_address> service_address_fields[] = {
  bind<&service_address::address>("address"),
  bind<&service_address::port>("port"),
};

constexpr field<service_definition> service_fields[] = {
  bind<&service_definition::id>("id"),
  bind<&service_definition::name>("name"),
  bind<&service_definition::tags>("tags"),
  bind<&service_definition::address>("address"),
  bind<&service_definition::port>("port"),
  bind<&service_definition::meta>("meta"),
  bind<&service_definition::tagged_addresses>("tagged_addresses",
                                              "taggedaddresses"),
  bind<&service_definition::weights>("weights"),
  bind<&service_definition::enable_tag_override>("enable_tag_override"),
  bind<&service_definition::token>("token"),
  bind<&service_definition::checks>("checks"),
  {.key = "check", .read = read_check_of_service},
  bind<&service_definition::kind>("kind"),
  bind<&service_definition::proxy>("proxy"),
  bind<&service_definition::connect>("connect"),
};

constexpr field<http_handler_config> http_handler_fields[] = {
  bind<&http_handler_config::path>("path"),
  bind<&http_handler_config::method>("method"),
  bind<&http_handler_config::header>("header"),
  bind<&http_handler_config::timeout>("timeout"),
  bind<&http_handler_config::tls_skip_verify>("tls_skip_verify"),
};

constexpr field<watch_definition> watch_fields[] = {
  bind<&watch_definition::type>("type"),
  bind<&watch_definition::handler_type>("handler_type"),
  bind<&watch_definition::handler>("handler"),
  bind<&watch_definition::args>("args"),
  bind<&watch_definition::http_handler>("http_handler_config"),
  bind<&watch_definition::datacenter>("datacenter"),
  bind<&watch_definition::token>("token"),
  bind<&watch_definition::stale>("stale"),
  bind<&watch_definition::key>("key"),
  bind<&watch_definition::prefix>("prefix"),
  bind<&watch_definition::service>("service"),
  {.key = "tag", .read = read_tags_of_watch},
  bind<&watch_definition::passing_only>("passingonly"),
  bind<&watch_definition::state>("state"),
  bind<&watch_definition::name>("name"),
};

} // namespace

fields<check_definition> fields_of(const check_definition*) {
  return check_fields;
}

fields<service_weights> fields_of(const service_weights*) {
  return weight_fields;
}

fields<service_address> fields_of(const service_address*) {
  return service_address_fields;
}

fields<service_definition> fields_of(const service_definition*) {
  return service_fields;
}

fields<http_handler_config> fields_of(const http_handler_config*) {
  return http_handler_fields;
}

fields<watch_definition> fields_of(const watch_definition*) {
  return watch_fields;
}

} // namespace praetor::config
