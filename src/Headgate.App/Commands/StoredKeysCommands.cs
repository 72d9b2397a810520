using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using Headgate.App.CommandLine;
using Headgate.App.Operation;
using Headgate.App.Remote;
using Headgate.App.Secrets;
using Headgate.Configuration;
using Headgate.Keys;
using Headgate.Limits;

namespace Headgate.App.Commands;

/// <summary>What <c>headgate keys</c> does with the encrypted store of this machine.</summary>
internal static class StoredKeysCommands
{
    /// <summary>No key is longer: headers are not either.</summary>
    private const int LongestValue = 64 * 1024;

    private static readonly Argument<string> Pool = new("POOL") { Description = "The pool: 1 to 64 letters, digits, dots, hyphens or underscores. \"from\": [\"store:POOL\"] and --keys store:POOL use it." };

    public static Command CreateAdd()
    {
        var name = new Argument<string?>("NAME") { Description = "What the key is called; key-1, key-2 … by default.", Arity = ArgumentArity.ZeroOrOne };
        var from = new Option<string?>("--from") { HelpName = "FILE", Description = "A file with the value alone; by default it is typed, or comes through standard input." };
        var limits = new Option<string[]>("--limit") { HelpName = "LIMIT", Description = "A limit of this key, in the place of those that all keys of its API have.", AllowMultipleArgumentsPerToken = false };
        var weight = new Option<int>("--weight") { HelpName = "N", Description = "Its part of the work against the others, 1 to 1,000; 1 by default.", DefaultValueFactory = _ => 1 };
        var replace = new Option<bool>("--replace") { Description = "Put it in the place of the one with that name: programs that run use it within seconds." };
        var unprotected = new Option<bool>("--unprotected") { Description = "Keep the store although nothing but the rights of its files protects it." };
        var verb = new Command("add", $"""
            Puts a key into the encrypted store of this machine.

            What encrypts it is protected by {KeyRing.SecretVariable} (a secret of {RingSecret.Shortest} characters or more, kept elsewhere), or by the
            certificate in the file that {KeyRing.CertificateVariable} names; whoever uses the key needs the same. The store is in $XDG_DATA_HOME/headgate/keys,
            or where {KeyStore.DirectoryVariable} says.
            """)
        { Pool, name, from, limits, weight, replace, unprotected };
        verb.SetAction(async (parse, stop) =>
        {
            var (pool, called, part) = (NameOf(parse.GetValue(Pool)!), parse.GetValue(name), parse.GetValue(weight));
            if (called is not null && KeyFile.FindFaultOfName(called) is { } wrong)
                throw new CommandException(ExitCode.Configuration, wrong);
            if (part is < 1 or > 1000)
                throw new CommandException(ExitCode.Configuration, $"--weight {part}: from 1 to 1,000");
            foreach (var text in parse.GetValue(limits) ?? [])
                if (!Limit.TryParse(text, out _, out var error))
                    throw new CommandException(ExitCode.Configuration, $"--limit: {error}");
            var value = await ReadValueAsync(parse.GetValue(from), parse.InvocationConfiguration.Error, stop);
            var (kept, protection) = await KeyStore.OfProcess().AddAsync(pool, called, value, parse.GetValue(limits) is { Length: > 0 } own ? own : null, part, parse.GetValue(replace), parse.GetValue(unprotected));
            parse.InvocationConfiguration.Error.WriteLine(protection == RingProtection.None
                ? $"headgate: {pool}: key \"{kept.Name}\" is kept; nothing but the rights of its files protects the store"
                : $"headgate: {pool}: key \"{kept.Name}\" is kept, encrypted");
            return (int)ExitCode.Ok;
        });
        return verb;
    }

    public static Command CreateRemove()
    {
        var name = new Argument<string>("NAME") { Description = "The key, by its name." };
        var verb = new Command("rm", "Takes a key out of the encrypted store of this machine.") { Pool, name };
        verb.SetAction(async (parse, _) =>
        {
            var (pool, called) = (parse.GetValue(Pool)!, parse.GetValue(name)!);
            var left = await KeyStore.OfProcess().RemoveAsync(pool, called);
            parse.InvocationConfiguration.Error.WriteLine($"headgate: {pool}: key \"{Excerpt.Of(called)}\" is gone, {left} {(left == 1 ? "is" : "are")} left{(left == 0 ? "; a service that uses the pool keeps its last keys until it has others, or is stopped (keys pause API KEY --server URL)" : "")}");
            return (int)ExitCode.Ok;
        });
        return verb;
    }

    /// <summary>Shows what is in the store.</summary>
    public static void List(TextWriter output, bool asJson)
    {
        var keys = KeyStore.OfProcess().List();
        if (asJson)
            output.WriteLine(new JsonObject { ["keys"] = new JsonArray([.. keys.Select(ToJson)]) }.ToJsonString());
        else
            Columns.Write(output, ["POOL", "KEY", "ADDED", "LIMITS", "WEIGHT"], [.. keys.Select(key => (IReadOnlyList<string>)[key.Pool, key.Name, Moments.Of(key.Added), string.Join(", ", key.Limits ?? []), $"{key.Weight}"])]);
    }

    private static JsonNode ToJson(StoredKey key) => new JsonObject
    {
        ["pool"] = key.Pool,
        ["key"] = key.Name,
        ["added"] = Moments.Of(key.Added),
        ["limits"] = key.Limits is { } limits ? new JsonArray([.. limits.Select(limit => JsonValue.Create(limit))]) : null,
        ["weight"] = key.Weight,
    };

    private static string NameOf(string pool) => Settings.Upstream.IsName(pool) ? pool
        : throw new CommandException(ExitCode.Configuration, $"\"{Excerpt.Of(pool)}\" is no name of a pool: 1 to 64 letters, digits, dots, hyphens or underscores, the first a letter or digit");

    private static async Task<string> ReadValueAsync(string? file, TextWriter talk, CancellationToken stop)
    {
        string value;
        try
        {
            value = file is not null ? BoundedFile.ReadAllText(file, LongestValue) : Console.IsInputRedirected ? await ReadAllAsync(stop) : Type(talk);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CommandException(ExitCode.Configuration, $"{(file is null ? "standard input" : Excerpt.Of(file))} cannot be read: {failure.Message}");
        }
        value = value.TrimEnd('\r', '\n');
        if (KeySecret.FindFault(value) is { } fault)
            throw new CommandException(ExitCode.Configuration, $"the value {fault}");
        return value.StartsWith("env:", StringComparison.Ordinal)
            ? throw new CommandException(ExitCode.Configuration, "the value is the name of a variable; give what is in it: printenv NAME | headgate keys add POOL")
            : value;
    }

    private static async Task<string> ReadAllAsync(CancellationToken stop)
    {
        using var input = Console.OpenStandardInput();
        var bytes = new byte[LongestValue + 1];
        var count = await input.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, stop);
        return count <= LongestValue ? Encoding.UTF8.GetString(bytes, 0, count) : throw new IOException($"it is longer than {LongestValue / 1024} KiB");
    }

    /// <summary>Typed by somebody, and shown to nobody.</summary>
    private static string Type(TextWriter talk)
    {
        talk.Write("The key (it is not shown): ");
        var typed = new StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
            if (key.Key == ConsoleKey.Backspace)
                typed.Length = Math.Max(0, typed.Length - 1);
            else if (key.KeyChar != '\0')
                typed.Append(key.KeyChar);
        talk.WriteLine();
        return typed.ToString();
    }
}
