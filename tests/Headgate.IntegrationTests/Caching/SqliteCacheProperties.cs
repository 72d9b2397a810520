using System.Globalization;
using Headgate.Caching;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Caching;

/// <summary>Random callers, answers, changes, ends and deaths: whatever is served was an answer to that request, by that caller, and is not older than a change.</summary>
public sealed class SqliteCacheProperties
{
    private readonly Dictionary<(string Url, string Asked), List<(string Body, long At)>> _answers = [];
    private readonly Dictionary<string, long> _changed = [];
    private Random _random = new(0);
    private bool _hasDied;
    private int _found;

    [Fact]
    public async Task Nothing_is_served_that_was_not_answered_or_has_changed_since()
    {
        for (var seed = 0; seed < (Measured.IsLong ? 60 : 8); seed++)
        {
            (_random, _hasDied) = (new Random(seed), false);
            _answers.Clear();
            _changed.Clear();
            await using var world = new KeptWorld(memory: 100_000);
            for (var turn = 0; turn < 1_500; turn++)
                await TurnAsync(world, seed, turn);
            Assert.Empty(world.Notices);
        }
        Assert.InRange(_found, 1_000, int.MaxValue);
    }

    private async Task TurnAsync(KeptWorld world, int seed, int turn)
    {
        world.Now += _random.Next(1, 50);
        var url = $"https://api.test/{_random.Next(15)}";
        switch (_random.Next(200))
        {
            case 0:
                await world.RestartAsync();
                CheckAllAreThere(world);
                return;
            case 1:
                _hasDied = true;
                await world.DieAsync();
                return;
            case 2 or 3:
                await world.Archive.FlushAsync();
                return;
            case < 12:
                _changed[url] = world.Now;
                world.Keep(url, "", 204, FieldList.Empty, [], "PUT");
                return;
            default:
                Get(world, url, $"{Pick("", "Authorization: a |", "Authorization: b |")} X: {Pick("1", "2")}", $"{seed}-{turn}");
                return;
        }
    }

    private void Get(KeptWorld world, string url, string fields, string next)
    {
        var asked = _random.Next(10) == 0 ? $"{fields} | Cache-Control: no-cache" : fields;
        var (decision, served) = world.Look(url, asked);
        var known = _answers.TryGetValue((url, fields), out var list) ? list : _answers[(url, fields)] = [];
        if (served is { } answer)
        {
            _found++;
            var body = System.Text.Encoding.ASCII.GetString(answer.Body.Span).TrimEnd();
            var (_, at) = Assert.Single(known, one => one.Body == body);
            Assert.True(at > _changed.GetValueOrDefault(url), $"{url} {fields}: {body} was served, and changed since");
            if (!_hasDied)
                Assert.Equal(known[^1].Body, body);
            return;
        }
        if (decision.Kind == ReuseKind.Validate && _random.Next(2) == 0 && decision.Stored!.ETag == $"\"{known[^1].Body}\"")
        {
            Assert.True(world.Keep(url, asked, 304, KeptWorld.FieldsOf("Cache-Control: max-age=86400"), []));
            known[^1] = (known[^1].Body, world.Now);
            return;
        }
        var fresh = System.Text.Encoding.ASCII.GetBytes(next.PadRight(_random.Next(20, 2_500)));
        Assert.True(world.Keep(url, asked, 200, KeptWorld.FieldsOf($"Cache-Control: max-age=86400 | Vary: X | ETag: \"{next}\""), fresh));
        known.Add((next, world.Now));
    }

    private void CheckAllAreThere(KeptWorld world)
    {
        if (_hasDied)
            return;
        foreach (var ((url, fields), known) in _answers)
            if (known.Count > 0 && known[^1].At > _changed.GetValueOrDefault(url))
                Assert.True(world.Look(url, fields).Served is not null, string.Create(CultureInfo.InvariantCulture, $"{url} {fields} is not there again"));
    }

    private string Pick(params string[] these) => these[_random.Next(these.Length)];
}
