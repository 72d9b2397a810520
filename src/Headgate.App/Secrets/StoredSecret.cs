using System.Text.Json;
using System.Text.Json.Serialization;

namespace Headgate.App.Secrets;

/// <summary>What the ring is protected by, without which none of its keys can be used.</summary>
internal enum RingProtection
{
    /// <summary>Nothing but the rights of its files.</summary>
    None,

    /// <summary><c>HEADGATE_SECRET</c>.</summary>
    Secret,

    /// <summary>The private key of a certificate.</summary>
    Certificate,
}

/// <summary>What is kept in pools of its own. Immutable.</summary>
/// <param name="Name">What one is called: in messages, and in what its value is encrypted for.</param>
/// <param name="Names">What several are called, and the verb that is about them.</param>
internal sealed record SecretKind(string Name, string Names)
{
    public static readonly SecretKind Key = new("key", "keys");
    public static readonly SecretKind Proxy = new("proxy", "proxies");
}

/// <summary>A key or a proxy in the store, encrypted. Immutable.</summary>
/// <param name="Pool">The pool it is in.</param>
/// <param name="Name">What it is called there.</param>
/// <param name="Value">Its value, encrypted for its kind, this pool and this name; of a proxy that is the URL.</param>
/// <param name="Added">When it was added, or replaced.</param>
/// <param name="Limits">Its own limits, of a proxy those of its exit; null for those of all.</param>
/// <param name="Weight">Its part of the work against the others.</param>
/// <param name="Country">The country that a proxy sends from; null where nobody says.</param>
/// <param name="Exit">The address that servers see of a proxy, by any name; null where it is its own.</param>
internal sealed record StoredSecret(string Pool, string Name, string Value, DateTimeOffset Added, IReadOnlyList<string>? Limits = null, int Weight = 1, string? Country = null, string? Exit = null);

/// <summary>All of the file of the store. Immutable.</summary>
/// <param name="Version">Of its format.</param>
/// <param name="Protection">What the ring is protected by.</param>
/// <param name="Check">A word of ours, encrypted: whoever can read it has the right ring and the right secret.</param>
/// <param name="Keys">The keys.</param>
/// <param name="Proxies">The proxies; null where there are none.</param>
internal sealed record StoredSecrets(int Version, RingProtection Protection, string? Check, IReadOnlyList<StoredSecret> Keys, IReadOnlyList<StoredSecret>? Proxies = null)
{
    public const int Current = 1;

    public static readonly StoredSecrets Empty = new(Current, RingProtection.None, null, []);

    /// <summary>Those of a kind.</summary>
    public IReadOnlyList<StoredSecret> Of(SecretKind kind) => kind == SecretKind.Key ? Keys : Proxies ?? [];

    /// <summary>With others of a kind.</summary>
    public StoredSecrets With(SecretKind kind, IReadOnlyList<StoredSecret> secrets) =>
        kind == SecretKind.Key ? this with { Keys = secrets } : this with { Proxies = secrets.Count > 0 ? secrets : null };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(StoredSecrets))]
internal sealed partial class StoredSecretsJson : JsonSerializerContext;
