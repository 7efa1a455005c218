// Package codegen declares the one type of pulumi-dotnet that the docker-build provider names.
//
// The provider fills it to describe its SDKs in a schema; it is data, never behaviour. The real
// module asks for a Pulumi version that the provider does not compile with (docs/adr/0002).
package codegen

// CSharpPackageInfo has the fields that the provider sets, under the JSON names of the real type.
type CSharpPackageInfo struct {
	PackageReferences    map[string]string `json:"packageReferences,omitempty"`
	RespectSchemaVersion bool              `json:"respectSchemaVersion,omitempty"`
}
