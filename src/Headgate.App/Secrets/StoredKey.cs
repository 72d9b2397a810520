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

/// <summary>A key in the store, encrypted. Immutable.</summary>
/// <param name="Pool">The pool it is in.</param>
/// <param name="Name">What it is called there.</param>
/// <param name="Value">Its value, encrypted for this pool and name.</param>
/// <param name="Added">When it was added, or replaced.</param>
/// <param name="Limits">Its own limits; null for those of all keys.</param>
/// <param name="Weight">Its part of the work against the others.</param>
internal sealed record StoredKey(string Pool, string Name, string Value, DateTimeOffset Added, IReadOnlyList<string>? Limits = null, int Weight = 1);

/// <summary>All of the file of the store. Immutable.</summary>
/// <param name="Version">Of its format.</param>
/// <param name="Protection">What the ring is protected by.</param>
/// <param name="Check">A word of ours, encrypted: whoever can read it has the right ring and the right secret.</param>
/// <param name="Keys">The keys.</param>
internal sealed record StoredKeys(int Version, RingProtection Protection, string? Check, IReadOnlyList<StoredKey> Keys)
{
    public const int Current = 1;

    public static readonly StoredKeys Empty = new(Current, RingProtection.None, null, []);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(StoredKeys))]
internal sealed partial class StoredKeysJson : JsonSerializerContext;
