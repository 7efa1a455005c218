// Package java declares the one type of pulumi-java that the docker-build provider names.
//
// The provider fills it to describe its SDKs in a schema; it is data, never behaviour. The real
// module asks for a Pulumi version that the provider does not compile with (docs/adr/0002).
package java

// PackageInfo has the fields that the provider sets, under the JSON names of the real type.
type PackageInfo struct {
	BuildFiles                      string            `json:"buildFiles,omitempty"`
	GradleNexusPublishPluginVersion string            `json:"gradleNexusPublishPluginVersion,omitempty"`
	Dependencies                    map[string]string `json:"dependencies,omitempty"`
}
