using Headgate.Limits;

namespace Headgate.Configuration;

/// <summary>What must fit together of who may call the service, though each value by itself is valid.</summary>
internal static class AccessRules
{
    /// <summary>Tells all that is wrong with the group <c>serve</c>.</summary>
    public static void Check(ConfigurationNode? serve, List<ConfigurationError> errors)
    {
        CheckTokens(serve?.Member(AccessSettings.Tokens.Name), errors);
        foreach (var node in serve?.Member(AccessSettings.RateLimits.Name)?.Items ?? [])
            if (Scalars.Limit.TryRead(node, out var limit) && limit.Unit != Limit.Requests)
                Wrong(node, $"\"{limit}\" counts {limit.Unit}, and a call of the service costs nothing but itself; write for example \"100/s\"", errors);
    }

    /// <summary>Tells all that is wrong with a list of tokens.</summary>
    public static void CheckTokens(ConfigurationNode? list, List<ConfigurationError> errors)
    {
        var (names, hashes) = (new Dictionary<string, ValueOrigin>(), new Dictionary<string, string>());
        foreach (var node in list?.Items ?? [])
        {
            if (AccessBinder.BindToken(node) is not { } token)
                continue;
            if (!names.TryAdd(token.Name, node.Origin))
                Wrong(node, $"there is a token of the name \"{token.Name}\" already, at {names[token.Name]}; a name is for one token", errors);
            if (!hashes.TryAdd(token.Hash, token.Name))
                Wrong(node, $"this is the token \"{hashes[token.Hash]}\" once more; a token has one name", errors);
            if (WhyUnfit(token) is { } why)
                Wrong(node, why, errors);
        }
    }

    /// <summary>Why a token cannot be as it is, in words for people; null if it can.</summary>
    public static string? WhyUnfit(TokenConfiguration token) =>
        token.Tenant is not null && (token.Scopes & (AccessScopes.Operate | AccessScopes.Admin)) != AccessScopes.None
            ? $"operate and admin are for the whole service, and so not for a token of one tenant (\"{token.Tenant}\"); give it read and submit, or no tenant"
            : null;

    private static void Wrong(ConfigurationNode node, string message, List<ConfigurationError> errors) => errors.Add(new ConfigurationError(node.Origin, node.Pointer, message));
}
