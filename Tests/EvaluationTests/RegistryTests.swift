import Evaluation
import Failures
import Formats
import Testing

struct RegistryTests {
    @Test func everyNameMakesTheAttackOfThatName() throws {
        for name in AttackRegistry.names { #expect(try AttackRegistry.attack(name).name == name) }
        #expect(AttackRegistry.names.count == Set(AttackRegistry.names).count)
    }

    @Test func listsKeepTheirOrder() throws {
        #expect(try AttackRegistry.attacks("pgd, fgsm,apgd-ce").map(\.name) == ["pgd", "fgsm", "apgd-ce"])
    }

    @Test func unknownNamesListTheKnownOnes() {
        do {
            _ = try AttackRegistry.attacks("fgsm,pdg")
            Issue.record("accepted")
        } catch let failure as Failure {
            #expect(failure.kind == .usage && failure.description.contains("\"pdg\""))
            for name in AttackRegistry.names { #expect(failure.description.contains(name)) }
        } catch {
            Issue.record(error)
        }
    }

    @Test(arguments: ["", "fgsm,", "pgd,pgd"])
    func listsThatMakeNoSenseAreRefused(list: String) {
        #expect(throws: Failure.self) { try AttackRegistry.attacks(list) }
    }

    @Test func optionsReachTheAttack() throws {
        let pgd = try AttackRegistry.attack("pgd", AttackOptions(steps: 7, restarts: 3)) as? PGD
        #expect(pgd?.steps == 7 && pgd?.restarts == 3 && pgd?.relativeStepSize == 2.5 / 7)
    }

    /// What result files say of the attack tells whether it has an option.
    @Test(arguments: AttackRegistry.names, AttackOptions.Name.allCases)
    func anOptionIsTakenOrRefused(name: String, option: AttackOptions.Name) throws {
        var options = AttackOptions()
        options[option] = 7
        func settings(_ attack: any Attack) -> String { JSONValue.object(attack.settings).text() }
        let own = settings(try AttackRegistry.attack(name))
        guard AttackRegistry.names(having: option).contains(name) else {
            let message = try #require(throws: Failure.self) { try AttackRegistry.attack(name, options) }
            #expect(message.kind == .usage && message.description.hasPrefix("attack \(name): no \(option.rawValue)"))
            for having in AttackRegistry.names(having: option) { #expect(message.description.contains(having)) }
            // One of the list has it, which alone takes it.
            let both = try AttackRegistry.attacks("\(name),pgd", options)
            #expect(settings(both[0]) == own && settings(both[1]).contains("\"\(option.rawValue)\":7"))
            return
        }
        #expect(settings(try AttackRegistry.attack(name, options)) != own)
    }

    @Test func listsAreNoNames() {
        #expect(throws: Failure.self) { try AttackRegistry.attack("fgsm,pgd") }
    }

    @Test(arguments: [0, -1, Int.max]) func optionsThatMakeNoSenseAreRefused(_ number: Int) {
        for name in AttackRegistry.names {
            for options in [AttackOptions(steps: number), AttackOptions(restarts: number)] {
                // The passes are counted for forecasts, which must not overflow.
                #expect(throws: Failure.self) {
                    try AttackRegistry.attack(name, options).passes(AttackProblem(classes: 10, norm: .l2))
                }
            }
        }
    }
}
