using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Headgate.Caching;

/// <summary>Under what an answer is found. Its hash is made once: a request looks several times.</summary>
internal readonly struct CacheKey(string url, UInt128 credentials) : IEquatable<CacheKey>
{
    private readonly int _hash = (int)(TextHash.Of(url) ^ (ulong)credentials);

    /// <summary>The URL without its fragment.</summary>
    public string Url => url;

    /// <summary>Whose answers: a digest, since secrets are not kept; 0 for nobody's or everybody's.</summary>
    public UInt128 Credentials => credentials;

    /// <param name="rules">Those of the cache.</param>
    /// <param name="uri">The absolute URL.</param>
    /// <param name="request">The headers of the request.</param>
    /// <param name="owner">Whose answers they are beside that, in any case; empty for nobody's.</param>
    public static CacheKey Of(CacheRules rules, Uri uri, FieldList request, string owner = "") => new(UrlOf(uri), Digest(rules, request, owner));

    /// <summary>The URL as caches compare them: its scheme and host in small letters, its port only if it is another than the usual one.</summary>
    public static string UrlOf(Uri uri) =>
        uri.Fragment.Length == 0 && uri.UserInfo.Length == 0 ? uri.AbsoluteUri : uri.GetComponents(UriComponents.HttpRequestUrl, UriFormat.UriEscaped);

    public CacheKey At(string place) => new(place, credentials);

    public bool Equals(CacheKey other) => _hash == other._hash && url == other.Url && credentials == other.Credentials;

    public override bool Equals(object? obj) => obj is CacheKey other && Equals(other);

    public override int GetHashCode() => _hash;

    private static UInt128 Digest(CacheRules rules, FieldList request, string owner)
    {
        IncrementalHash? hash = null;
        try
        {
            if (owner.Length > 0)
                Add($"{owner}\n");
            foreach (var field in request)
                if (NameOf(rules, field) is { } name)
                    Add($"{name}:{field.Value}\n");
            return hash is null ? 0 : BinaryPrimitives.ReadUInt128LittleEndian(hash.GetHashAndReset());
        }
        finally
        {
            hash?.Dispose();
        }

        void Add(string text) => (hash ??= IncrementalHash.CreateHash(HashAlgorithmName.SHA256)).AppendData(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>The name of a header that answers are kept apart by, in the spelling of the rules; null for any other.</summary>
    private static string? NameOf(CacheRules rules, Field field)
    {
        foreach (var name in rules.SteeringFields)
            if (field.Is(name))
                return name;
        return !rules.IsShared && rules.IsCredential(field.Name) ? field.Name.ToLowerInvariant() : null;
    }
}
