using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Headgate.App.CommandLine;
using Headgate.App.Remote;
using Headgate.App.Security;
using Headgate.Configuration;
using Headgate.Time;

namespace Headgate.App.Commands;

/// <summary><c>headgate tokens add|ls|rm</c>: who may call the service of a data directory, or one that runs elsewhere.</summary>
internal static class TokensCommand
{
    private static readonly JsonWriterOptions Readable = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create()
    {
        var place = new Place(new Option<string>("--data") { HelpName = "DIR", Description = "The directory of the service; that of its configuration, or ./data, by default." }, ConfigOption.Create());
        return new Command("tokens", "Gives, shows and takes the tokens by which callers of the service are known: of the service of this machine, or with --server of one that runs.") { CreateAdd(place), CreateList(place), CreateRemove(place) };
    }

    /// <summary>Lets a verb ask a service that runs, where the command line names one.</summary>
    private static Command With(Command verb, ServerOptions asked, IEnumerable<Option> options, Func<ParseResult, Task<int>> here, Func<Server, ParseResult, CancellationToken, Task> there)
    {
        foreach (var option in options)
            verb.Add(option);
        verb.SetAction(async (parse, stop) =>
        {
            if (!asked.Names(parse))
                return await here(parse);
            using var server = asked.Open(parse);
            try
            {
                await there(server, parse, stop);
            }
            catch (Exception other) when (other is KeyNotFoundException or InvalidOperationException or FormatException or JsonException or ConfigurationException)
            {
                throw server.Stranger();
            }
            return (int)ExitCode.Ok;
        });
        return verb;
    }

    private static Command CreateAdd(Place place)
    {
        Argument<string> name = new("NAME") { Description = "By what the token is known, in the audit log too: 1 to 64 letters, digits, dots, hyphens or underscores." };
        Option<string[]> scopes = new("--scope") { HelpName = "SCOPE,…", Description = "What it may do: read, submit, operate, admin.", AllowMultipleArgumentsPerToken = false };
        Option<string> tenant = new("--tenant") { HelpName = "TENANT", Description = "Its jobs are that tenant's, and it knows of no others." };
        Option<string> expires = new("--expires") { HelpName = "TIME", Description = "When it ends: 90d, or 2030-01-31T00:00:00Z; never by default." };
        var command = new Command("add", """
            Makes a token and writes it to stdout, this once: only its hash is kept.

            Scopes: read (look at jobs and figures), submit (submit, cancel, call through the gateway), operate (pause, change limits; includes
            both), admin (tokens; includes all). A service that runs knows it within a second or two; from the first token on each call needs one.
            """)
        {
            name, scopes, tenant, expires, place.Data, place.Config,
        };
        var asked = new ServerOptions();
        return With(command, asked, asked.Where, async parse =>
        {
            var store = place.StoreOf(parse);
            var (text, kept) = await store.AddAsync(ReadName(parse.GetValue(name)!), ReadScopes(parse.GetValue(scopes)), ReadTenant(parse.GetValue(tenant)), ReadExpiry(parse.GetValue(expires)));
            var configuration = parse.InvocationConfiguration;
            AuditOf(store, configuration.Error).WriteLocal("token.add", kept.Name, TokenFile.Described(kept));
            configuration.Output.WriteLine(text);
            configuration.Error.WriteLine($"headgate: this is the token \"{kept.Name}\" ({Summary(kept)}); it is shown this once, and only its hash is kept in {store.File}");
            return (int)ExitCode.Ok;
        }, async (server, parse, stop) =>
        {
            var token = new JsonObject
            {
                ["name"] = ReadName(parse.GetValue(name)!),
                ["scopes"] = new JsonArray([.. AccessScopeNames.NamesOf(ReadScopes(parse.GetValue(scopes))).Select(scope => JsonValue.Create(scope))]),
            };
            if (ReadTenant(parse.GetValue(tenant)) is { } of)
                token["tenant"] = of;
            if (ReadExpiry(parse.GetValue(expires)) is { } until)
                token["expires"] = until.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            var made = await server.CallAsync(HttpMethod.Post, "api/v1/tokens", stop, token);
            var configuration = parse.InvocationConfiguration;
            configuration.Output.WriteLine(made.GetProperty("token").GetString());
            configuration.Error.WriteLine($"headgate: this is the token \"{made.GetProperty("name").GetString()}\"; it is shown this once, and the service keeps only its hash");
        });
    }

    private static Command CreateList(Place place)
    {
        var asked = new ServerOptions("Write JSON, with the hashes.");
        return With(new Command("ls", "Shows the tokens that are kept in the data directory.") { place.Data, place.Config }, asked, asked.All, parse =>
        {
            var store = place.StoreOf(parse);
            Show(parse, store.Read(), store.File);
            return Task.FromResult((int)ExitCode.Ok);
        }, async (server, parse, stop) =>
        {
            var answer = await server.GetAsync("api/v1/tokens", stop);
            Show(parse, TokenFile.Parse(Encoding.UTF8.GetBytes($$"""{"version":1,"tokens":{{answer.GetProperty("tokens").GetRawText()}}}"""), "the answer"), "the data directory of the service");
        });

        void Show(ParseResult parse, IReadOnlyList<TokenConfiguration> tokens, string place)
        {
            var configuration = parse.InvocationConfiguration;
            if (parse.GetValue(asked.Json))
                configuration.Output.WriteLine(ToJson(tokens));
            else if (tokens.Count == 0)
                configuration.Error.WriteLine($"headgate: there is no token in {place}; make one with: headgate tokens add NAME --scope read,submit");
            else
                WriteTable(configuration.Output, tokens);
        }
    }

    private static Command CreateRemove(Place place)
    {
        Argument<string> name = new("NAME") { Description = "The name of the token." };
        var command = new Command("rm", "Takes a token away: a service that runs refuses it within a second or two.") { name, place.Data, place.Config };
        var asked = new ServerOptions();
        return With(command, asked, asked.Where, async parse =>
        {
            var store = place.StoreOf(parse);
            var left = await store.RemoveAsync(parse.GetValue(name)!);
            var error = parse.InvocationConfiguration.Error;
            AuditOf(store, error).WriteLocal("token.remove", parse.GetValue(name)!);
            if (left == 0)
                error.WriteLine("headgate: no token is left: a service that runs lets nobody in, and one that is started listens on loopback only");
            return (int)ExitCode.Ok;
        }, (server, parse, stop) => server.CallAsync(HttpMethod.Delete, Server.PathOf("api/v1/tokens", parse.GetValue(name)!), stop));
    }

    private static AuditLog AuditOf(TokenStore store, TextWriter error) =>
        new(Path.Combine(Path.GetDirectoryName(store.File)!, AuditLog.FileName), TimeProvider.System, text => error.WriteLine($"headgate: {text}"));

    private static string ReadName(string name) => Settings.Upstream.IsName(name)
        ? name
        : throw new CommandException(ExitCode.Usage, $"NAME \"{Excerpt.Of(name)}\": a token is called by 1 to 64 letters, digits, dots, hyphens or underscores, the first a letter or digit");

    private static AccessScopes ReadScopes(string[]? texts)
    {
        var scopes = AccessScopes.None;
        foreach (var text in (texts ?? []).SelectMany(text => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)))
            scopes |= AccessScopeNames.TryParse(text, out var scope)
                ? scope
                : throw new CommandException(ExitCode.Usage, $"--scope \"{Excerpt.Of(text)}\" is not {AccessScopeNames.Expects}{NearestName.Suggest(text, AccessScopeNames.NamesOf(AccessScopeNames.All))}");
        return scopes != AccessScopes.None ? scopes : throw new CommandException(ExitCode.Usage, "say what the token may do, for example --scope read,submit");
    }

    private static string? ReadTenant(string? tenant) => tenant is null || AccessScalars.IsTenant(tenant)
        ? tenant
        : throw new CommandException(ExitCode.Usage, $"--tenant \"{Excerpt.Of(tenant)}\" is not {AccessScalars.Tenant.Expects}");

    private static DateTimeOffset? ReadExpiry(string? text)
    {
        if (text is null)
            return null;
        var now = TimeProvider.System.GetUtcNow();
        if (!Jobs.Moment.TryParse(text, out var moment))
            throw new CommandException(ExitCode.Usage, $"--expires \"{Excerpt.Of(text)}\" is no time; give a duration such as 90d, or a date and time such as 2030-01-31T00:00:00Z");
        var at = moment.From(now);
        return at > now ? at.AddTicks(-(at.Ticks % TimeSpan.TicksPerSecond)) : throw new CommandException(ExitCode.Usage, $"--expires \"{text}\" has passed already");
    }

    private static string Summary(TokenConfiguration token) =>
        $"{string.Join(", ", AccessScopeNames.NamesOf(token.Scopes))}{(token.Tenant is { } tenant ? $"; tenant {tenant}" : "")}{(token.Expires is { } expires ? $"; until {Date(expires)}" : "")}";

    private static void WriteTable(TextWriter output, IReadOnlyList<TokenConfiguration> tokens)
    {
        var now = TimeProvider.System.GetUtcNow();
        Columns.Write(output, ["NAME", "SCOPES", "TENANT", "CREATED", "EXPIRES"], [.. tokens.Select(token => (string[])
        [
            token.Name, string.Join(',', AccessScopeNames.NamesOf(token.Scopes)), token.Tenant ?? "", token.Created is { } created ? Date(created) : "",
            token.Expires is { } expires ? $"{Date(expires)}{(expires <= now ? " (over)" : "")}" : "never",
        ])]);
    }

    private static string Date(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    private static string ToJson(IReadOnlyList<TokenConfiguration> tokens)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Readable))
        {
            json.WriteStartArray();
            foreach (var token in tokens)
                TokenFile.Write(json, token);
            json.WriteEndArray();
        }
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    /// <summary>Whose tokens they are: those of the service that is started in the same place with the same options.</summary>
    private sealed record Place(Option<string> Data, Option<string?> Config)
    {
        public TokenStore StoreOf(ParseResult parse)
        {
            if (parse.GetValue(Data) is { } given)
                return new TokenStore(Path.GetFullPath(given), TimeProvider.System);
            var reading = ConfigurationReader.Read(ConfigurationSources.OfProcess(parse.GetValue(Config)));
            // What else is wrong with it, or is put in by variables that are set for the service alone, does not matter here.
            List<ConfigurationError> wrong = [.. reading.Errors.Where(error => error.Pointer is "" or "/serve/data")];
            return wrong.Count == 0 ? new TokenStore(Path.GetFullPath(reading.Configuration.Serve.Data), TimeProvider.System) : throw new ConfigurationException(wrong);
        }
    }
}
